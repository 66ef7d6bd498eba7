"""Planar meshes over points: short, without crossings, connected, and two ways to every point when asked.

The shortest spanning tree of points is part of their Gabriel graph, that of the Delaunay triangulation (Jaromczyk and
Toussaint, Proc. IEEE 80, 1502 (1992)). Cables of metropolitan networks look like something between the tree and the
Gabriel graph: so the mesh is the tree, what closes rings, and Gabriel edges.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
from scipy.spatial import Delaunay

Points = NDArray[np.float64]
Edges = NDArray[np.intp]


def planar_mesh(points: Points, edges: int, random: np.random.Generator, *, two_edge_connected: bool = False) -> Edges:
    """Edges between points, shape (edges, 2), each pair in ascending order.

    Args:
        points: shape (points, 2), at least two, no two at the same place.
        edges: how many to make; more if connectedness needs them, fewer if the triangulation has no more.
        random: chooses among the edges beyond the tree, short ones more often.
        two_edge_connected: whether every edge may fail without cutting the mesh in two; needs three points.
    """
    candidates = _delaunay(points)
    lengths = np.linalg.norm(points[candidates[:, 0]] - points[candidates[:, 1]], axis=1)
    chosen = _spanning_tree(candidates, lengths, len(points))
    # Gabriel edges before the slivers along the border, and an edge half as long twice as likely first.
    clocks = lengths * random.exponential(size=len(lengths))
    order = np.lexsort((clocks, ~_gabriel(points, candidates)))
    if two_edge_connected:
        chosen[_closing(candidates, chosen, order, len(points))] = True
    missing = max(0, edges - int(chosen.sum()))
    chosen[order[~chosen[order]][:missing]] = True
    return candidates[chosen]


def _delaunay(points: Points) -> Edges:
    """Edges of the Delaunay triangulation; of two points, the one edge."""
    if len(points) == 2:
        return np.array([[0, 1]], dtype=np.intp)
    triangles = Delaunay(points).simplices
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(edges, axis=1), axis=0).astype(np.intp)


def _spanning_tree(candidates: Edges, lengths: NDArray[np.float64], points: int) -> NDArray[np.bool_]:
    """Which candidates belong to the shortest spanning tree."""
    tree = minimum_spanning_tree(coo_array((lengths, tuple(candidates.T)), shape=(points, points)).tocsr()).tocoo()
    key = candidates[:, 0] * points + candidates[:, 1]
    return np.isin(key, np.minimum(tree.row, tree.col).astype(np.intp) * points + np.maximum(tree.row, tree.col))


def _gabriel(points: Points, candidates: Edges) -> NDArray[np.bool_]:
    """Which candidates have no third point in the circle over them."""
    ends = points[candidates]
    middles, radii = ends.mean(axis=1), np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) / 2
    inside = np.linalg.norm(points[None, :] - middles[:, None], axis=2) < radii[:, None] * (1 - 1e-9)
    return np.asarray(~inside.any(axis=1))


def _closing(candidates: Edges, tree: NDArray[np.bool_], order: NDArray[np.intp], points: int) -> list[int]:
    """Candidates, taken in order, that put every edge of the tree on a ring.

    A candidate closes the ring of the tree's path between its ends. Edges that lie on a ring are merged away (union by
    walking towards the root), so that each is walked once.
    """
    parent, depth = _rooted(candidates[tree], points)
    bridge = np.arange(points)

    def top(point: int) -> int:
        while bridge[point] != point:
            bridge[point] = bridge[bridge[point]]
            point = int(bridge[point])
        return point

    closing = []
    for index in order:
        if tree[index]:
            continue
        a, b = (top(int(end)) for end in candidates[index])
        if a == b:
            continue
        closing.append(int(index))
        while a != b:
            lower, other = (a, b) if depth[a] >= depth[b] else (b, a)
            bridge[lower] = parent[lower]
            a, b = top(lower), other
    return closing


def _rooted(tree: Edges, points: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Parents of the points and their depths, in the tree hung up at point 0."""
    graph = coo_array((np.ones(len(tree)), tuple(tree.T)), shape=(points, points)).tocsr()
    order, parent = breadth_first_order(graph, 0, directed=False)
    depth = np.zeros(points, dtype=np.intp)
    for point in order[1:]:
        depth[point] = depth[parent[point]] + 1
    return parent.astype(np.intp), depth
