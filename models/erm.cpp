#include <quenched/erm.hpp>
