#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "mysql_bytes.hpp"
#include "mysql_test_key.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/clear_password.hpp"
#include "wire/mysql/native_password.hpp"

// The expected values were computed with Python's hashlib; the hash of "secret" is also the one that MySQL's
// PASSWORD('secret') gives, *14E65567ABDB5135D0CFD9A70B3032C179A49EE7.

namespace rolegate::wire::mysql {
namespace {

template <typename Digest>
std::string text(const Digest& digest) {
  return {digest.begin(), digest.end()};
}

TEST(MysqlNativePassword, IsMysqls) {
  EXPECT_EQ(text(native_hash("secret")), unhex("14e65567abdb5135d0cfd9a70b3032c179a49ee7"));
  EXPECT_EQ(native_response("secret", kFirstScramble), unhex("28441590674285e7d03cae7af237504797f70e91"));
  EXPECT_EQ(native_response("", kFirstScramble), "");
}

TEST(MysqlNativePassword, FitsItsOwnPasswordScrambleAndNothingElse) {
  const std::string response = native_response("secret", kFirstScramble);
  EXPECT_TRUE(native_response_fits(native_hash("secret"), kFirstScramble, response));
  EXPECT_FALSE(native_response_fits(native_hash("Secret"), kFirstScramble, response));
  EXPECT_FALSE(native_response_fits(native_hash("secret"), kSecondScramble, response));
  EXPECT_FALSE(native_response_fits(native_hash("secret"), kFirstScramble, response + "x"));
  EXPECT_FALSE(native_response_fits(native_hash(""), kFirstScramble, ""));
  for (std::size_t i = 0; i < response.size(); ++i) {
    std::string other = response;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(native_response_fits(native_hash("secret"), kFirstScramble, other));
  }
}

TEST(MysqlCachingSha2, IsMysqls) {
  EXPECT_EQ(text(fast_check_of("secret")),
            unhex("3881219d087dd9c634373fd33dfa33a2cb6bfc6c520b64b8bb60ef2ceb534ae7"));
  EXPECT_EQ(fast_response("secret", kFirstScramble),
            unhex("d721e183c1f036a196c1389201b8d53f38064a16f1d0923683ab886763152d75"));
  EXPECT_EQ(fast_response("", kFirstScramble), "");
}

TEST(MysqlCachingSha2, FitsItsOwnPasswordScrambleAndNothingElse) {
  const std::string response = fast_response("secret", kFirstScramble);
  EXPECT_TRUE(fast_response_fits(fast_check_of("secret"), kFirstScramble, response));
  EXPECT_FALSE(fast_response_fits(fast_check_of("Secret"), kFirstScramble, response));
  EXPECT_FALSE(fast_response_fits(fast_check_of("secret"), kSecondScramble, response));
  EXPECT_FALSE(fast_response_fits(fast_check_of("secret"), kFirstScramble, response.substr(1)));
  EXPECT_FALSE(fast_response_fits(fast_check_of(""), kFirstScramble, ""));
  for (std::size_t i = 0; i < response.size(); ++i) {
    std::string other = response;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(fast_response_fits(fast_check_of("secret"), kFirstScramble, other));
  }
}

TEST(MysqlClearPassword, IsTextWithANulBehindIt) {
  EXPECT_EQ(parse_clear_password("secret\0"sv)->reveal(), "secret");
  EXPECT_EQ(parse_clear_password("\0"sv)->reveal(), "");
  EXPECT_FALSE(parse_clear_password(""));
  EXPECT_FALSE(parse_clear_password("secret"));
  EXPECT_FALSE(parse_clear_password("sec\0ret\0"sv));
  EXPECT_FALSE(parse_clear_password("secret\0\0"sv));
}

TEST(MysqlRsaPassword, IsDecryptedAsClientsEncryptIt) {
  const std::string pem = public_key_pem(test_key());
  EXPECT_TRUE(pem.starts_with("-----BEGIN PUBLIC KEY-----\n")) << pem;
  EXPECT_TRUE(pem.ends_with("-----END PUBLIC KEY-----\n")) << pem;
  // Longer than the scramble, which is used again from its start.
  const std::string password = "a rather long password, longer than 20 bytes";
  const std::string encrypted = encrypt_password(pem, kFirstScramble, password);
  EXPECT_EQ(decrypt_password(test_key(), kFirstScramble, encrypted)->reveal(), password);
  EXPECT_FALSE(decrypt_password(test_key(), "", encrypted));
}

TEST(MysqlRsaPassword, RefusesWhatIsNotEncryptedWithTheKey) {
  std::string encrypted = encrypt_password(public_key_pem(test_key()), kFirstScramble, "secret");
  for (const std::string& wrong : {""s, "x"s, std::string(256, 'x'), encrypted + "x", encrypted.substr(1)}) {
    EXPECT_FALSE(decrypt_password(test_key(), kFirstScramble, wrong));
  }
  encrypted[100] = static_cast<char>(encrypted[100] ^ 1);
  EXPECT_FALSE(decrypt_password(test_key(), kFirstScramble, encrypted));
  EXPECT_EQ(ERR_peek_error(), 0U) << "left in the thread's queue, it would fail somebody else's TLS";
}

}  // namespace
}  // namespace rolegate::wire::mysql
