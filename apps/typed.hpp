#pragma once
#include <string>

#include "command.hpp"
#include "specification.hpp"

namespace quenched::apps {

/// What a user would type in a shell for `command` with these parameters and settings.
[[nodiscard]] std::string typed(const Command& command, const Texts& parameters, const Texts& settings);

/// As one word of a POSIX shell.
[[nodiscard]] std::string quoted(const std::string& text);

/// That built the program, as "g++ 12.2.0".
[[nodiscard]] std::string compiler();
/// The block of a record that says the program's version, its compiler and the command line.
[[nodiscard]] Json provenance(const std::string& arguments);

/// What a user would type to compute the point of this record again, alone. Settings that the record does not
/// show (the tolerance, seeds) are taken from the command line noted in its `provenance`. Empty when no
/// command gives such a record.
[[nodiscard]] std::string typed_again(const Record& record);

}  // namespace quenched::apps
