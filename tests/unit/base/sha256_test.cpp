#include "base/sha256.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

std::span<const unsigned char> bytes(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

std::string hmac(std::string_view key, std::string_view message) {
  return hex(hmac_sha256(bytes(key), message));
}

// NIST, "Examples with Intermediate Values", SHA-256; and the million times 'a' of FIPS 180-2, appendix B.3.
TEST(Sha256, AgreesWithNist) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, TakesItsInputInParts) {
  Sha256 hash;
  EXPECT_EQ(hash.update("a").update("").update(bytes("bc")).finish(), sha256("abc"));
}

TEST(Sha256, StartsOverAfterItsEndAndWhenAsked) {
  Sha256 hash;
  (void)hash.update("x").finish();
  EXPECT_EQ(hash.update("abc").finish(), sha256("abc"));
  EXPECT_EQ(hash.update("x").start().update("abc").finish(), sha256("abc"));
}

struct Vector {
  std::string key;
  std::string message;
  const char* digest;
};

// RFC 4231, chapter 4, without case 5 (a digest that is cut).
TEST(HmacSha256, AgreesWithRfc4231) {
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting += c;
  const std::vector<Vector> vectors{
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counting, std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
       "to be "
       "hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Vector& vector : vectors) EXPECT_EQ(hmac(vector.key, vector.message), vector.digest);
}

TEST(HmacSha256, SignsManyMessagesUnderOneKey) {
  HmacSha256 signer(bytes("Jefe"));
  const Sha256Digest first = signer.sign("what do ya want for nothing?");
  EXPECT_EQ(hex(signer.sign("")), hmac("Jefe", ""));
  EXPECT_EQ(signer.sign("what do ya want for nothing?"), first);
}

TEST(HmacSha256, TakesKeysAroundTheBlockSize) {
  EXPECT_EQ(hmac("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  // A key longer than a block counts as its digest (RFC 2104); one of a block's length does not.
  const Sha256Digest digest = sha256(std::string(65, 'k'));
  EXPECT_EQ(hmac(std::string(65, 'k'), "m"), hex(hmac_sha256(digest, "m")));
  const Sha256Digest of_block = sha256(std::string(64, 'k'));
  EXPECT_NE(hmac(std::string(64, 'k'), "m"), hex(hmac_sha256(of_block, "m")));
}

TEST(Hex, IsLowerCaseAndKeepsZeros) {
  EXPECT_EQ(hex(bytes(std::string_view("\x00\x0f\xa0\xff", 4))), "000fa0ff");
  EXPECT_EQ(hex({}), "");
}

}  // namespace
}  // namespace rolegate::base
