#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "gateway/audit/audit_log.hpp"

namespace rolegate::gateway {
namespace {

using namespace std::chrono_literals;
using login::StepName;
using testing::HasSubstr;
using testing::Not;

base::WallTime at(long milliseconds) { return base::WallTime(std::chrono::milliseconds(milliseconds)); }

login::Step step(StepName name, std::chrono::microseconds duration, bool failed = false) {
  login::Step walked{name, duration, "detail that is not for the audit log", std::nullopt};
  if (failed) walked.error = base::Error{"some_code", "message of the step", {}, false, std::nullopt};
  return walked;
}

/// What a reader of the line has for `user`.
std::string user_read_back(const std::string& user) {
  AuditRecord record;
  record.user = user;
  const auto line = boost::json::parse(audit_line(record));
  const auto* text = line.as_object().if_contains("user");
  return text == nullptr ? "(none)" : std::string(text->as_string());
}

TEST(AuditLine, HoldsEverythingInItsOrder) {
  AuditRecord record;
  record.event = AuditRecord::Event::close;
  record.time = at(1'767'323'045'067);
  record.session = "0123456789abcdef";
  record.listener = "127.0.0.1:6432";
  record.client_address = "192.0.2.7:51234";
  record.client_uid = 1001;
  record.client_tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
  record.user = "alice";
  record.authentication = "scram-sha-256";
  record.database = "orders";
  record.engine = "postgresql";
  record.upstream = "orders.example.com:5432";
  record.upstream_dial = "10.0.0.7:5432";
  record.upstream_user = "app_rw";
  record.upstream_tls = "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384";
  record.role_arn = "arn:aws:iam::222222222222:role/Access";
  record.request_id = "c6104cbe-af31-11e0-8154-cbc7ccf896c7";
  record.steps = {step(StepName::role_credentials, 12345us), step(StepName::tls, 7us, true)};
  record.bytes_to_client = 18'446'744'073'709'551'615U;
  record.bytes_to_database = 0;
  record.duration = 61'000ms;
  record.reason = "client_closed";
  record.message = "It said \"good-bye\".";
  EXPECT_EQ(
      audit_line(record),
      R"({"time":"2026-01-02T03:04:05.067Z","event":"session_close","session":"0123456789abcdef",)"
      R"("listener":"127.0.0.1:6432","client_address":"192.0.2.7:51234","client_uid":1001,)"
      R"("client_tls":"TLSv1.3 TLS_AES_256_GCM_SHA384","user":"alice","authentication":"scram-sha-256",)"
      R"("database":"orders","engine":"postgresql","upstream":"orders.example.com:5432",)"
      R"("upstream_dial":"10.0.0.7:5432","upstream_user":"app_rw",)"
      R"("upstream_tls":"TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384",)"
      R"("role_arn":"arn:aws:iam::222222222222:role/Access",)"
      R"("aws_request_id":"c6104cbe-af31-11e0-8154-cbc7ccf896c7",)"
      R"("steps_ms":{"role_credentials":12.345,"tls":0.007},"failed_step":"tls",)"
      R"("bytes_to_client":18446744073709551615,"bytes_to_database":0,"duration_ms":61000,)"
      R"("reason":"client_closed","message":"It said \"good-bye\"."})");
}

TEST(AuditLine, SaysWhatItSumsUp) {
  AuditRecord record;
  record.event = AuditRecord::Event::fail;
  record.time = at(60'000);
  record.client_group = "192.0.2.7";
  record.reason = "authentication_failed";
  record.count = 59;
  record.first_time = at(1'000);
  EXPECT_EQ(audit_line(record),
            R"({"time":"1970-01-01T00:01:00.000Z","event":"session_fail","reason":"authentication_failed",)"
            R"("count":59,"first_time":"1970-01-01T00:00:01.000Z"})");
}

TEST(AuditLine, LeavesOutWhatIsEmpty) {
  AuditRecord record;
  record.time = at(0);
  EXPECT_EQ(audit_line(record), R"({"time":"1970-01-01T00:00:00.000Z","event":"session_open"})");
}

TEST(AuditLine, NamesEveryEvent) {
  AuditRecord record;
  for (const auto& [event, name] : {std::pair(AuditRecord::Event::open, "session_open"),
                                    std::pair(AuditRecord::Event::fail, "session_fail"),
                                    std::pair(AuditRecord::Event::close, "session_close")}) {
    record.event = event;
    EXPECT_THAT(audit_line(record), HasSubstr("\"event\":\"" + std::string(name) + "\""));
  }
}

TEST(AuditLine, KeepsMillisecondsOfEveryTime) {
  AuditRecord record;
  for (const auto& [time, text] :
       {std::pair(999L, "1970-01-01T00:00:00.999Z"), std::pair(1000L, "1970-01-01T00:00:01.000Z"),
        std::pair(-1L, "1969-12-31T23:59:59.999Z")}) {
    record.time = at(time);
    EXPECT_THAT(audit_line(record), HasSubstr(text));
  }
}

TEST(AuditLine, AddsUpAStepThatWasWalkedTwice) {
  AuditRecord record;
  record.steps = {step(StepName::tcp, 1ms), step(StepName::handshake, 2ms, true), step(StepName::tcp, 10ms),
                  step(StepName::handshake, 20'500us)};
  EXPECT_THAT(audit_line(record), HasSubstr(R"("steps_ms":{"tcp":11.000,"handshake":22.500})"));
  EXPECT_THAT(audit_line(record), Not(HasSubstr("failed_step"))) << "the second time it succeeded";
  record.steps.push_back(step(StepName::query, 1ms, true));
  EXPECT_THAT(audit_line(record), HasSubstr(R"("failed_step":"query")"));
}

TEST(AuditLine, NamesTheStepThatFailedLast) {
  AuditRecord record;
  record.steps = {step(StepName::handshake, 1ms, true), step(StepName::tcp, 1ms, true)};
  EXPECT_THAT(audit_line(record), HasSubstr(R"("failed_step":"tcp")"));
}

TEST(AuditLine, TellsNothingOfAStepsDetail) {
  AuditRecord record;
  record.steps = {step(StepName::tls, 1ms, true)};
  EXPECT_THAT(audit_line(record), Not(HasSubstr("detail")));
  EXPECT_THAT(audit_line(record), Not(HasSubstr("message of the step")));
}

TEST(AuditLine, IsOneLineWhateverAClientCallsItself) {
  for (const std::string& user :
       {std::string("a\nb"), std::string("a\r\nb"), std::string("\"},{\"event\":\"session_open\""),
        std::string("back\\slash"), std::string("\0nul\0", 5), std::string("\x1b[2Jesc"), std::string("\x7f"),
        std::string("\xC2\x9B"
                    "31m"),
        std::string("\xC2\x85"), std::string("\xE2\x80\xA8 \xE2\x80\xA9"), std::string("\u00A0\u2027\u202A"),
        std::string("zoë 日本 🐘")}) {
    AuditRecord record;
    record.user = user;
    const std::string line = audit_line(record);
    EXPECT_FALSE(base::has_control_characters(line)) << line;
    EXPECT_THAT(line, Not(HasSubstr("\xE2\x80\xA8")));
    EXPECT_THAT(line, Not(HasSubstr("\xE2\x80\xA9")));
    EXPECT_EQ(user_read_back(user), user) << "nothing is lost";
  }
}

TEST(AuditLine, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(user_read_back("a\xFF"
                           "b"),
            "a\uFFFDb");
  EXPECT_EQ(user_read_back("\xC3"), "\uFFFD");
  EXPECT_EQ(user_read_back("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
  EXPECT_EQ(user_read_back("\xE6\x97x"), "\uFFFD\uFFFDx");
  EXPECT_EQ(user_read_back("\xC0\xAF"), "\uFFFD\uFFFD") << "overlong";
}

TEST(AuditLine, CutsTextsAt1024Bytes) {
  EXPECT_EQ(user_read_back(std::string(1024, 'x')), std::string(1024, 'x'));
  EXPECT_EQ(user_read_back(std::string(1025, 'x')), std::string(1021, 'x') + "…");
  EXPECT_EQ(user_read_back(std::string(1'000'000, 'x')).size(), 1024);
  EXPECT_EQ(user_read_back(std::string(1'000'000, '\xFF')).size(), 1023)
      << "341 replacements, the last the ellipsis";
}

TEST(AuditLine, CutsBetweenCharacters) {
  for (std::size_t before = 1015; before <= 1024; ++before) {
    std::string text(before, 'x');
    for (int i = 0; i < 10; ++i) text += "🐘";
    const std::string shown = user_read_back(text);
    EXPECT_LE(shown.size(), 1024);
    EXPECT_GE(shown.size(), 1020);
    EXPECT_TRUE(base::is_utf8(shown));
    EXPECT_TRUE(shown.ends_with("…"));
  }
}

TEST(AuditLine, BoundsEveryText) {
  const std::string longest(5000, '\x01');
  AuditRecord record;
  for (auto text :
       {&AuditRecord::session, &AuditRecord::listener, &AuditRecord::client_address, &AuditRecord::client_tls,
        &AuditRecord::user, &AuditRecord::authentication, &AuditRecord::database, &AuditRecord::engine,
        &AuditRecord::upstream, &AuditRecord::upstream_dial, &AuditRecord::upstream_user,
        &AuditRecord::upstream_tls, &AuditRecord::role_arn, &AuditRecord::request_id, &AuditRecord::reason,
        &AuditRecord::message}) {
    record.*text = longest;
  }
  const std::string line = audit_line(record);
  EXPECT_LT(line.size(), 16 * (6 * 1024 + 100));
  for (const auto& member : boost::json::parse(line).as_object()) {
    EXPECT_LE(member.value().as_string().size(), 1024) << member.key();
  }
}

}  // namespace
}  // namespace rolegate::gateway
