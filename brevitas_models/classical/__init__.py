"""The classical rivals in the paper's tables 2 and 4: texture descriptors with an SVM, and three segmenters."""

from brevitas_models.classical.contrast_adjusted_threshold import ContrastAdjustedThreshold
from brevitas_models.classical.entity_sparsity_pursuit import EntitySparsityPursuit
from brevitas_models.classical.smooth_sparse_decomposition import SmoothSparseDecomposition
from brevitas_models.classical.texture_classifier import TextureClassifier

__all__ = ["ContrastAdjustedThreshold", "EntitySparsityPursuit", "SmoothSparseDecomposition", "TextureClassifier"]
