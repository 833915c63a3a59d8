#include <quenched/population.hpp>
