"""BB84 photon by photon in SeQUeNCe, an independent simulator, against what the receiver model predicts."""
