"""The verdicts: which copies count, 3-2-1, what is overdue, what to do next (DESIGN §4).

`model` and the rules in `copies`, `three_two_one` and `advice` are pure; `facts` gathers what they
judge. Sentences are made by `core.texts.health`.
"""
