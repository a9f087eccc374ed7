"""The pages of the set-up, one module each; `parts` is what they share."""
