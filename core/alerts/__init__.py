"""Who is told what, when: events, people, quiet hours, mails, screen, heartbeat (DESIGN §1.5).

`rules`, `ledger`, `telling` and `digest` are pure; `office` puts them together. The agent calls
`Office.collect` after each run and at times, and `Office.step` once a minute.
"""
