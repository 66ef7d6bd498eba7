"""Over which relays keys may travel: candidate paths, disjoint sets, k-of-n plans, and bounds to judge them by.

Costs are integers and every tie is broken by one total order (`order`), so that all nodes find the same paths whatever
the order in which they learned of links.
"""
