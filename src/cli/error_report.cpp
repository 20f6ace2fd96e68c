#include "cli/error_report.hpp"

#include <string>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "cli/printable.hpp"
#include "cli/style.hpp"

namespace rolegate::cli {
namespace {

/// Printable, with every line after the first indented by `indent` columns.
std::string indented(std::string_view text, std::size_t indent) {
  std::string out;
  for (const char c : printable_lines(text)) {
    out.push_back(c);
    if (c == '\n') out.append(indent, ' ');
  }
  return out;
}

}  // namespace

std::string aws_text(const base::AwsAnswer& answer) {
  std::string text =
      fmt::format("{}: {} ({} {}", answer.code, answer.message, answer.service, answer.operation);
  if (answer.http_status != 0) text += fmt::format(", HTTP {}", answer.http_status);
  if (!answer.request_id.empty()) text += fmt::format(", request {}", answer.request_id);
  return text + ")";
}

void write_error(Output& err, const base::Error& error) {
  const Paint paint(err.style());
  err.write(fmt::format("rolegate: {}error:{} {}\n", paint.red(), paint.off(), indented(error.message, 2)));
  if (!error.hint.empty()) {
    err.write(fmt::format("  {}hint:{} {}\n", paint.bold(), paint.off(), indented(error.hint, 8)));
  }
  if (error.aws) {
    err.write(fmt::format("  {}AWS:{}  {}\n", paint.bold(), paint.off(), indented(aws_text(*error.aws), 8)));
  }
}

boost::json::object error_json(const base::Error& error) {
  boost::json::object json{{"code", error.code},
                           {"message", error.message},
                           {"hint", error.hint},
                           {"retryable", error.retryable},
                           {"aws", nullptr}};
  if (error.aws) {
    json["aws"] = boost::json::object{{"service", error.aws->service},
                                      {"operation", error.aws->operation},
                                      {"code", error.aws->code},
                                      {"message", error.aws->message},
                                      {"request_id", error.aws->request_id},
                                      {"http_status", error.aws->http_status}};
  }
  return json;
}

ExitStatus report(Output& err, const base::Error& error, bool json) {
  if (json) {
    err.write(boost::json::serialize(boost::json::object{{"error", error_json(error)}}) + "\n");
  } else {
    write_error(err, error);
  }
  return exit_status(error);
}

}  // namespace rolegate::cli
