"""What the page is made of: panes that are built once and watch the store."""
