#include <string>

#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/client_login.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;
using Event = ClientCancel::Event;

const CancelKey kKey{0x01020304, int32(0xF1F2F3F4)};

TEST(PgClientCancel, SendsTheKeyInsideTls) {
  ClientCancel cancel(kKey);
  EXPECT_EQ(cancel.take_output(), kSslRequest);
  EXPECT_EQ(cancel.take_output(), "");
  EXPECT_EQ(cancel.receive(""), Event::more);
  EXPECT_EQ(cancel.receive("S"), Event::start_tls);
  EXPECT_EQ(cancel.take_output(), "");
  EXPECT_EQ(cancel.receive(""), Event::more);
  EXPECT_EQ(cancel.tls_started(), Event::sent);
  EXPECT_EQ(cancel.take_output(), cancel_request(0x01020304, 0xF1F2F3F4));
  EXPECT_EQ(cancel.take_output(), "");
  EXPECT_EQ(cancel.receive("whatever"), Event::sent);
}

TEST(PgClientCancel, SendsNoKeyInTheClear) {
  for (const std::string& answer :
       {"N"s, "E"s, "x"s, "\0"s, "\x16"s, "NS"s, "SS"s, "Sx"s, error("53300", "no")}) {
    ClientCancel cancel(kKey);
    EXPECT_EQ(cancel.take_output(), kSslRequest);
    EXPECT_EQ(cancel.receive(answer), Event::failed) << answer;
    EXPECT_EQ(cancel.receive("S"), Event::failed);
    EXPECT_EQ(cancel.tls_started(), Event::failed);
    EXPECT_EQ(cancel.take_output(), "");
  }
}

// CVE-2021-23222
TEST(PgClientCancel, RefusesBytesInTheClearBehindTheOfferOfTls) {
  ClientCancel cancel(kKey);
  EXPECT_EQ(cancel.take_output(), kSslRequest);
  EXPECT_EQ(cancel.receive("S"), Event::start_tls);
  EXPECT_EQ(cancel.receive("x"), Event::failed);
  EXPECT_EQ(cancel.tls_started(), Event::failed);
  EXPECT_EQ(cancel.take_output(), "");
}

TEST(PgClientCancel, CannotBeTalkedPastItsSteps) {
  ClientCancel early(kKey);
  EXPECT_EQ(early.take_output(), kSslRequest);
  EXPECT_EQ(early.tls_started(), Event::failed);
  EXPECT_EQ(early.take_output(), "");
  ClientCancel twice(kKey);
  EXPECT_EQ(twice.receive("S"), Event::start_tls);
  EXPECT_EQ(twice.tls_started(), Event::sent);
  EXPECT_EQ(twice.tls_started(), Event::failed);
}

}  // namespace
}  // namespace rolegate::wire::pg
