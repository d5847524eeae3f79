"""House rules that no linter knows, checked over the tree; each rule is also tried on text that breaks it."""
