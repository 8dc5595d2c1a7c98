"""What a report shows of each paper's systems, one file for each paper."""
