#include "plot_command.hpp"

#include <algorithm>
#include <quenched/invalid_input.hpp>

#include "diagram.hpp"
#include "needs_text.hpp"
#include "output_file.hpp"
#include "picture.hpp"
#include "read_records.hpp"

namespace quenched::apps {

CLI::App* add_plot(CLI::App& app, PlotInvocation& invocation) {
  CLI::App* sub = app.add_subcommand(
      "plot", "a picture from records: lines are theory, markers simulation, dashes not trusted");
  sub->add_option("files", invocation.files, "JSON or .csv files of records, or stores of sweeps")
      ->required()
      ->type_name("FILES");
  sub->add_option("--output", invocation.output,
                  "the picture, .svg, .png or .pdf; its data go beside it as .csv")
      ->required()
      ->type_name("FILE");
  needs_text(sub->add_option("--x", invocation.axes.x, "abscissa [the parameter that varies most]"),
             "needs the name of a parameter")
      ->type_name("NAME");
  sub->add_option("--y", invocation.axes.y, "ordinate [test_error]")->type_name("NAME");
  needs_text(sub->add_option("--panels", invocation.axes.panels, "a panel for each value of this parameter"),
             "needs the name of a parameter")
      ->type_name("NAME");
  return sub;
}

void execute(const PlotInvocation& invocation) {
  with_records(invocation.files, [&](const std::vector<Record>& records) {
    check_picture("output", invocation.output);
    if (std::ranges::any_of(invocation.files, [&](const std::string& file) {
          return same_file(file, data_beside(invocation.output));
        }))
      throw InvalidInput("output", invocation.output,
                         "needs another name: its data would overwrite one of the files");
    if (is_diagram(records))
      for (const auto& [flag, name] : {std::pair{"x", invocation.axes.x}, {"panels", invocation.axes.panels}})
        if (!name.empty()) throw InvalidInput(flag, name, "needs curves: a map has axes of its own");
    draw(records, invocation.axes, invocation.output);
  });
}

}  // namespace quenched::apps
