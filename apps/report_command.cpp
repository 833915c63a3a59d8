#include "report_command.hpp"

#include <quenched/invalid_input.hpp>

#include "output_file.hpp"
#include "read_records.hpp"
#include "report.hpp"

namespace quenched::apps {

CLI::App* add_report(CLI::App& app, ReportInvocation& invocation) {
  CLI::App* sub = app.add_subcommand(
      "report", "a page for the browser, one file: curves, diagrams, a table, the command of each point");
  sub->add_option("files", invocation.files, "JSON or .csv files of records, or stores of sweeps")
      ->required()
      ->type_name("FILES");
  sub->add_option("--output", invocation.output, "the page, .html")->required()->type_name("FILE");
  return sub;
}

void execute(const ReportInvocation& invocation) {
  with_records(invocation.files, [&](const std::vector<Record>& records) {
    if (!invocation.output.ends_with(".html"))
      throw InvalidInput("output", invocation.output, "needs a name that ends in .html");
    check_writable("output", invocation.output);
    write_whole(invocation.output, report_html(report_data(records, invocation.files)));
  });
}

}  // namespace quenched::apps
