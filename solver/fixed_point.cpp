#include <quenched/fixed_point.hpp>
