#pragma once
// HyperGCN (Yadati et al., arXiv 1809.02589): each hyperedge becomes one simple edge between its two most distant members, or two stars with mediators, seen along a random vector.
#include "plugins/hypergraph/engine/graph_layers.h"

namespace lathe::hypergraph {

/// D^-1/2 (A + I) D^-1/2 [N, N]: pattern and weights by place.
struct HypergraphLaplacian { Pattern pattern; at::Tensor weights; };

/// `projection` [N] double: the features along a random vector. In each hyperedge the first largest and the first smallest, members ascending. Hyperedges of one member are
/// left out (they have no pair); weights of pairs that several hyperedges have add up.
HypergraphLaplacian hypergraph_laplacian(const SparsePattern& members, const at::Tensor& projection, bool mediators);

/// y = A (X W) + b, W [in, out].
class HyperGcnLayer : public Module {
public:
    HyperGcnLayer(std::int64_t in, std::int64_t out);
    at::Tensor product(const NodeMatrix& x);
    at::Tensor forward(const HypergraphLaplacian& laplacian, const at::Tensor& product);
    void initialize(at::Generator& draws);
    at::Tensor W, bias;
};

}
