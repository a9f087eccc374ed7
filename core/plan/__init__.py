"""What the merchant decided: the plan file, read, judged and written (DESIGN §4).

`judge.judge_plan` answers everything about a plan text at once; `read.read_plan` gives the typed
plan.
"""
