"""What a design will be on its chip, by open tools: area and timing after synthesis."""
