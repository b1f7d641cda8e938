#pragma once
// A layout that settles step by step. No LibTorch. One object, one caller; the loops inside use the threads of the run.
#include <cstddef>
#include <vector>

namespace lathe::hypergraph {

/// Positions of points, [points] each. Double: forces may be summed in less, positions are not.
struct Positions {
    std::vector<double> x, y;
    std::size_t size() const { return x.size(); }
};

class Layout {
public:
    virtual ~Layout() = default;
    virtual void step() = 0;
    virtual Positions positions() const = 0;     ///< of all points, also while a coarser graph is laid out
    virtual double moved() const = 0;            ///< mean displacement in the last step, as a share of the layout's radius (root of the mean squared distance from 0)
    virtual bool may_settle() const { return true; }   ///< false: there is more to come, however little moved
    virtual bool is_done() const { return false; }     ///< steps move nothing any more
    virtual void put(std::size_t point, double x, double y) = 0;   ///< holds a point in place: called before every step
};

}
