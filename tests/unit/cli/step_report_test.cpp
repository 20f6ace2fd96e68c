#include "cli/step_report.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "cli/error_report.hpp"
#include "unit/cli/string_output.hpp"

namespace rolegate::cli {
namespace {

using namespace std::chrono_literals;
using login::StepName;

base::Error denied() {
  return {"assume_role_denied", "AWS refused role R.", "Its trust policy must allow U.", false,
          base::AwsAnswer{"sts", "AssumeRole", "AccessDenied", "User U is not authorized", "req-1", 403}};
}

StepReport failed_report() {
  StepReport report{"orders", "Aurora PostgreSQL", "aurora_postgresql", "db.example:5432", {}, denied()};
  report.steps.push_back({StepName::config, 400us, "rolegate.yaml:3", std::nullopt});
  report.steps.push_back({StepName::role_credentials, 123400us, "", denied()});
  return report;
}

TEST(StepReport, ShowsEachStepAndTheReasonUnderTheOneThatFailed) {
  StringOutput out(Style{.unicode = true});
  write_step_report(out, failed_report());
  EXPECT_EQ(out.text(),
            "orders  Aurora PostgreSQL  db.example:5432\n"
            "\n"
            "  ✓ configuration      0.40 ms  rolegate.yaml:3\n"
            "  ✗ role credentials  123.4 ms\n"
            "    error AWS refused role R.\n"
            "    hint  Its trust policy must allow U.\n"
            "    AWS   AccessDenied: User U is not authorized (sts AssumeRole, HTTP 403, request req-1)\n"
            "\n"
            "Failed at role credentials after 123.8 ms.\n");
}

TEST(StepReport, SaysThatALoginThatWasMadeAfreshWorked) {
  StepReport report = failed_report();
  report.failure.reset();
  report.steps.push_back({StepName::handshake, 1ms, "as app_rw", std::nullopt});
  StringOutput out;
  write_step_report(out, report);
  EXPECT_THAT(out.text(), testing::HasSubstr("  + handshake           1.0 ms  as app_rw\n\nLogged in after"));
}

TEST(StepReport, ShowsAFailureBetweenTheSteps) {
  StepReport report = failed_report();
  report.steps.pop_back();
  StringOutput out;
  write_step_report(out, report);
  EXPECT_THAT(out.text(), testing::HasSubstr("    error AWS refused role R.\n"));
  EXPECT_THAT(out.text(), testing::EndsWith("Failed after 0.40 ms.\n"));
}

TEST(StepReport, IsColouredOnATerminalOnly) {
  StringOutput out(Style{.terminal = true, .colour = true, .unicode = true});
  write_step_report(out, failed_report());
  EXPECT_THAT(out.text(), testing::HasSubstr("\x1b[31m✗\x1b[0m"));
}

TEST(StepReport, EscapesDetailsFromOutside) {
  StepReport report;
  report.steps.push_back({StepName::query, 1ms, "\x1b[2J", std::nullopt});
  StringOutput out;
  write_step_report(out, report);
  EXPECT_THAT(out.text(), testing::Not(testing::HasSubstr("\x1b")));
}

TEST(StepReport, IsAlsoJson) {
  const auto json = step_report_json(failed_report());
  EXPECT_EQ(boost::json::value(json), boost::json::parse(R"({
    "database": "orders", "kind": "aurora_postgresql", "endpoint": "db.example:5432", "ok": false, "ms": 123.8,
    "error": {"code": "assume_role_denied", "message": "AWS refused role R.", "hint": "Its trust policy must allow U.",
              "retryable": false, "aws": {"service": "sts", "operation": "AssumeRole", "code": "AccessDenied",
              "message": "User U is not authorized", "request_id": "req-1", "http_status": 403}},
    "steps": [
      {"name": "configuration", "ok": true, "ms": 0.4, "detail": "rolegate.yaml:3", "error": null},
      {"name": "role_credentials", "ok": false, "ms": 123.4, "detail": "", "error":
        {"code": "assume_role_denied", "message": "AWS refused role R.", "hint": "Its trust policy must allow U.",
         "retryable": false, "aws": {"service": "sts", "operation": "AssumeRole", "code": "AccessDenied",
         "message": "User U is not authorized", "request_id": "req-1", "http_status": 403}}}]})"));
}

TEST(DurationText, KeepsTheDigitsThatMatter) {
  EXPECT_EQ(duration_text(40us), "0.04 ms");
  EXPECT_EQ(duration_text(12340us), "12.3 ms");
  EXPECT_EQ(duration_text(1204ms), "1.20 s");
}

TEST(ErrorReport, HasSentenceHintAndAwssWords) {
  StringOutput err;
  EXPECT_EQ(report(err, denied()), ExitStatus::failed);
  EXPECT_EQ(err.text(),
            "rolegate: error: AWS refused role R.\n"
            "  hint: Its trust policy must allow U.\n"
            "  AWS:  AccessDenied: User U is not authorized (sts AssumeRole, HTTP 403, request req-1)\n");
}

TEST(ErrorReport, IsOneLineOfJsonForPrograms) {
  StringOutput err;
  EXPECT_EQ(report(err, {"config_not_found", "No.", "", false, std::nullopt}, true), ExitStatus::wrong_usage);
  EXPECT_EQ(err.text(),
            "{\"error\":{\"code\":\"config_not_found\",\"message\":\"No.\",\"hint\":\"\",\"retryable\":false,"
            "\"aws\":null}}\n");
}

TEST(ErrorReport, LetsNoTextFromOutsideTouchTheTerminal) {
  StringOutput err;
  write_error(err, {"query_failed", "ERROR: \x1b[2J\nLINE 1", "", false, std::nullopt});
  EXPECT_EQ(err.text(), "rolegate: error: ERROR: \\x1b[2J\n  LINE 1\n");
}

}  // namespace
}  // namespace rolegate::cli
