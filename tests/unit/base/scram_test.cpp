#include "base/scram.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

/// 0, 1, 2 …
class CountingRandom final : public Random {
 public:
  void fill(std::span<unsigned char> out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  unsigned char next_ = 0;
};

// RFC 7677, chapter 3: user "user", password "pencil". The digests in between are Python's hashlib's.
constexpr std::string_view kRfcVerifier =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

TEST(SaltedPassword, AgreesWithRfc7677) {
  EXPECT_EQ(hex(salted_password("pencil", *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)),
            "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d");
}

TEST(SaltedPassword, TakesAnEmptyPassword) {
  // Python: hashlib.pbkdf2_hmac('sha256', b'', b'salt', 1)
  EXPECT_EQ(hex(salted_password("", "salt", 1)),
            "f135c27993baf98773c5cdb40a5706ce6a345cde61b000a67858650cd6a324d7");
  EXPECT_EQ(salted_password(std::string_view(), "salt", 1), salted_password("", "salt", 1));
}

TEST(ScramVerifier, AgreesWithRfc7677) {
  const auto verifier = ScramVerifier::parse(kRfcVerifier);
  ASSERT_TRUE(verifier);
  EXPECT_EQ(verifier->iterations, 4096);
  EXPECT_EQ(verifier->salt.size(), 16U);
  EXPECT_TRUE(verifier->matches("pencil"));
  EXPECT_FALSE(verifier->matches("pencil "));
  EXPECT_FALSE(verifier->matches(""));
  EXPECT_EQ(verifier->text(), kRfcVerifier);
}

TEST(ScramVerifier, TakesAPasswordForTheSameHoweverItIsWritten) {
  CountingRandom random;
  const auto verifier = ScramVerifier::of(Secret("caf\u00e9 \u2168"), random, 2);
  EXPECT_TRUE(verifier.matches("cafe\u0301\u00a0IX"));
  EXPECT_FALSE(verifier.matches("cafe IX"));
}

TEST(ScramVerifier, ComparesTheWholeKey) {
  const auto verifier = ScramVerifier::parse(kRfcVerifier);
  for (std::size_t i = 0; i < verifier->stored_key.size(); ++i) {
    ScramVerifier other = *verifier;
    other.stored_key[i] ^= 1;
    EXPECT_FALSE(other.matches("pencil")) << i;
  }
}

// CREATE USER … PASSWORD …; SELECT rolpassword FROM pg_authid, PostgreSQL 15.18.
TEST(ScramVerifier, TakesThoseOfPostgresql) {
  const std::vector<std::pair<std::string, std::string>> known = {
      {"pencil",
       "SCRAM-SHA-256$4096:C2IfuqtXMixqzqRCUhBOrQ==$OUoCvQUP5Z5/Wr5q52heuoawTRSTESGXP8C8ooOclPY=:"
       "Hd5Wt6r2NBEjgpvbrDvyNzM3iMmDrnsXedFrk9SqXgY="},
      {"p$:\"=,\\ q",
       "SCRAM-SHA-256$4096:V3qwIvqldMCknt/+QodmUQ==$zRA4tvexTxJ91h+404MqH0+uUirku1SFyPBqQtr9SH0=:"
       "NUYxbDGZrM0J8vyaqSovFR+vsLTQT2jP4j0ddGvbfP8="},
      {"Gr\xC3\xBC\xC3\x9F"
       "e",
       "SCRAM-SHA-256$4096:quGka4vLNSCyFDksmHgTMA==$0fZQjL57fkp11p7VHvCPzXfItO1ZNxGNnIrF5XyvUpQ=:"
       "8BLZZ0ZPJDFtGG942ezKqCE4QrM+TuTycKaWqAdcTdA="}};
  for (const auto& [password, text] : known) {
    const auto verifier = ScramVerifier::parse(text);
    ASSERT_TRUE(verifier) << text;
    EXPECT_TRUE(verifier->matches(password)) << text;
    EXPECT_FALSE(verifier->matches(password + "x")) << text;
    EXPECT_EQ(verifier->text(), text);
  }
}

TEST(ScramVerifier, IsMadeWithASaltOfItsOwn) {
  CountingRandom random;
  const Secret password("correct horse");
  const ScramVerifier first = ScramVerifier::of(password, random);
  const ScramVerifier second = ScramVerifier::of(password, random, 5);
  EXPECT_EQ(first.iterations, 4096);
  EXPECT_EQ(first.salt.size(), 16U);
  EXPECT_EQ(base64(first.salt), "AAECAwQFBgcICQoLDA0ODw==");
  EXPECT_TRUE(first.matches("correct horse"));
  EXPECT_EQ(second.iterations, 5);
  EXPECT_NE(first.salt, second.salt);
  EXPECT_NE(first.stored_key, second.stored_key);
  EXPECT_TRUE(second.matches("correct horse"));
  EXPECT_FALSE(second.matches("correct horsf"));
}

TEST(ScramVerifier, TakesIterationsAndSaltUpToTheirBounds) {
  const std::string keys = "$" + base64(std::string(32, 's')) + ":" + base64(std::string(32, 'k'));
  const auto with = [&](const std::string& iterations, std::size_t salt) {
    return ScramVerifier::parse("SCRAM-SHA-256$" + iterations + ":" + base64(std::string(salt, 'x')) + keys);
  };
  EXPECT_TRUE(with("1", 1));
  EXPECT_TRUE(with("1000000", 64));
  EXPECT_FALSE(with("1000001", 16));
  EXPECT_FALSE(with("0", 16));
  EXPECT_FALSE(with("-1", 16));
  EXPECT_FALSE(with("+1", 16));
  EXPECT_FALSE(with(" 1", 16));
  EXPECT_FALSE(with("1 ", 16));
  EXPECT_FALSE(with("0x10", 16));
  EXPECT_FALSE(with("", 16));
  EXPECT_FALSE(with("99999999999999999999", 16));
  EXPECT_FALSE(with("4096", 0));
  EXPECT_FALSE(with("4096", 65));
}

TEST(ScramVerifier, RefusesWhatIsMalformed) {
  const std::string salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  const std::string stored = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=";
  const std::string server = "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  const std::string short_key = base64(std::string(31, 'k'));
  const std::string long_key = base64(std::string(33, 'k'));
  const std::vector<std::string> malformed = {
      "",
      "pencil",
      "md55d41402abc4b2a76b9719d911017c592",
      "SCRAM-SHA-256",
      "SCRAM-SHA-256$",
      "SCRAM-SHA-1$4096:" + salt + "$" + stored + ":" + server,
      "scram-sha-256$4096:" + salt + "$" + stored + ":" + server,
      " SCRAM-SHA-256$4096:" + salt + "$" + stored + ":" + server,
      "SCRAM-SHA-256$4096:" + salt + "$" + stored + ":" + server + " ",
      "SCRAM-SHA-256$4096:" + salt + "$" + stored + ":" + server + "\n",
      "SCRAM-SHA-256$4096:" + salt + "$" + stored + ":" + server + ":" + server,
      "SCRAM-SHA-256$4096:" + salt + "$" + stored + ":",
      "SCRAM-SHA-256$4096:" + salt + "$" + stored,
      "SCRAM-SHA-256$4096:" + salt + "$:" + server,
      "SCRAM-SHA-256$4096:" + salt,
      "SCRAM-SHA-256$4096$" + salt + "$" + stored + ":" + server,
      "SCRAM-SHA-256$4096:" + salt + ":" + stored + ":" + server,
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ$" + stored + ":" + server,
      "SCRAM-SHA-256$4096:W22Z aJ0SNY7soEsUEjb6gQ==$" + stored + ":" + server,
      "SCRAM-SHA-256$4096:" + salt + "$" + short_key + ":" + server,
      "SCRAM-SHA-256$4096:" + salt + "$" + long_key + ":" + server,
      "SCRAM-SHA-256$4096:" + salt + "$" + stored + ":" + short_key,
      "SCRAM-SHA-256$4096:" + salt + "$" + stored + ":" + long_key,
      std::string("SCRAM-SHA-256$4096:\0", 20) + salt + "$" + stored + ":" + server};
  for (const auto& text : malformed) EXPECT_FALSE(ScramVerifier::parse(text)) << text;
}

TEST(ScramKeys, AreThoseOfTheVerifier) {
  const auto verifier = ScramVerifier::parse(kRfcVerifier);
  const ScramKeys keys = ScramKeys::of("pencil", verifier->salt, 4096);
  EXPECT_EQ(keys.stored_key, verifier->stored_key);
  EXPECT_EQ(keys.server_key, verifier->server_key);
  EXPECT_EQ(hex(sha256({reinterpret_cast<const char*>(keys.client_key.data()), keys.client_key.size()})),
            hex(keys.stored_key));
}

// RFC 4648, chapter 10.
TEST(Base64, AgreesWithRfc4648) {
  const std::vector<std::pair<std::string, std::string>> known = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, CarriesEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
    EXPECT_EQ(from_base64(base64(std::string_view(bytes).substr(bytes.size() - 1))),
              bytes.substr(bytes.size() - 1));
  }
}

TEST(Base64, RefusesEverythingElse) {
  for (const std::string text : {"Z",        "Zg",   "Zg=",   "Zg===",  "=",
                                 "==",       "====", "A===",  "Zm9v=",  "Zm9v====",
                                 "Zg==Zg==", "Z=g=", "Zm 9v", "Zm9v\n", " Zm9v",
                                 "Zm9-",     "Zm9_", "Zh==",  "Zm9=",   "Zm9v\xC3\xA9\xC3\xA9"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  EXPECT_FALSE(from_base64(std::string_view("Zm9\0", 4)));
}

}  // namespace
}  // namespace rolegate::base
