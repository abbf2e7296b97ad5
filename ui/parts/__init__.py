"""What pages share: cards, states, tables, reports."""
