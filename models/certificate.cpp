#include <quenched/certificate.hpp>
