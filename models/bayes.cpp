#include <quenched/bayes.hpp>
