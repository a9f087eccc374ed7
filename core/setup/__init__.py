"""Setting up: from an empty home to a plan, step by step, without a window.

`draft` is what has been chosen so far, `flow` which step comes when and what is still missing,
`places` what a place for copies is worth.
"""
