"""Images: folders, splits, augmentation, generated defects."""
