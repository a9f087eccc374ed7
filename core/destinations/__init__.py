"""Where copies go: reachability, identity, space and the own writer's barriers."""
