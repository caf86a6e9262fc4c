#include <fmt/format.h>

#include <iostream>

#include "daemon/cli/commands.h"
#include "daemon/cli/reference.h"
#include "daemon/cli/values.h"

namespace b24 {

Exit schema_command(const Common& common, const SchemaArguments& arguments) {
  use_language_of_settings(common);
  if (arguments.reference) {
    std::cout << reference();
    return Exit::ok;
  }
  if (common.json) {
    OrderedJson views = OrderedJson::array();
    for (const ViewInfo& view : view_infos()) {
      OrderedJson columns = OrderedJson::array();
      for (const ViewColumn& column : view.columns) {
        columns.push_back(
            {{"name", column.name}, {"type", column.type}, {"comment", column.comment.pick()}});
      }
      views.push_back(
          {{"view", view.name}, {"comment", view.comment.pick()}, {"columns", std::move(columns)}});
    }
    std::cout << dump(views, 2) << '\n';
    return Exit::ok;
  }
  for (const ViewInfo& view : view_infos()) {
    std::cout << view.name << " — " << view.comment.pick() << '\n';
    for (const ViewColumn& column : view.columns) {
      std::cout << fmt::format("  {:<20} {:<8} {}\n", column.name, column.type,
                               column.comment.pick());
    }
    std::cout << '\n';
  }
  return Exit::ok;
}

}  // namespace b24
