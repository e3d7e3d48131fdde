from .coherence import (
    Coherence,
    in_words,
    measure_coherence,
    measure_coherence_steps,
    side_by_side,
)
from .comparison import Comparison, compare_regions, compare_regions_steps
from .domains import Domains, find_domains, find_domains_steps
from .dot_plot import draw_dots, save_dots
from .enrichment import (
    Enrichment,
    over_representation,
    over_representation_steps,
    preranked,
    preranked_steps,
)
from .gene_lists import read_list, read_ranking
from .gene_matching import MatchedSets
from .gene_sets import GeneSets, read_gmt
from .hidden_spots import find_spatial_genes_after, find_spatial_genes_after_steps
from .maps import Maps
from .orthologues import fetch_orthologues_steps
from .paper_figure import draw_paper_figure, paper_figure_steps, save_paper_figure
from .pathway_scores import PathwayScores, score_pathways, score_pathways_steps
from .patterns import Patterns, find_patterns, find_patterns_steps
from .regions import region_genes, region_genes_steps, region_table
from .set_collections import COLLECTIONS, Collection, collection, collection_steps
from .spatial_genes import SpatialGenes, find_spatial_genes, find_spatial_genes_steps
from .volcano import draw_volcano

__all__ = [
    "COLLECTIONS",
    "Coherence",
    "Collection",
    "Comparison",
    "Domains",
    "Enrichment",
    "GeneSets",
    "Maps",
    "MatchedSets",
    "PathwayScores",
    "Patterns",
    "SpatialGenes",
    "collection",
    "collection_steps",
    "compare_regions",
    "compare_regions_steps",
    "draw_dots",
    "draw_paper_figure",
    "draw_volcano",
    "fetch_orthologues_steps",
    "find_domains",
    "find_domains_steps",
    "find_patterns",
    "find_patterns_steps",
    "find_spatial_genes",
    "find_spatial_genes_after",
    "find_spatial_genes_after_steps",
    "find_spatial_genes_steps",
    "in_words",
    "measure_coherence",
    "measure_coherence_steps",
    "over_representation",
    "over_representation_steps",
    "paper_figure_steps",
    "preranked",
    "preranked_steps",
    "read_gmt",
    "read_list",
    "read_ranking",
    "region_genes",
    "region_genes_steps",
    "region_table",
    "save_dots",
    "save_paper_figure",
    "score_pathways",
    "score_pathways_steps",
    "side_by_side",
]
