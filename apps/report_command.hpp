#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

namespace quenched::apps {

/// `quenched report FILES --output report.html`.
struct ReportInvocation {
  std::vector<std::string> files;
  std::string output;
};
CLI::App* add_report(CLI::App& app, ReportInvocation& invocation);
void execute(const ReportInvocation& invocation);

}  // namespace quenched::apps
