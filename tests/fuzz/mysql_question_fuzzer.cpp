#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/mysql/question.hpp"

// An answer of any kind: whole, and byte by byte with the same outcome.

namespace {

using rolegate::wire::mysql::Question;

void require(bool holds) {
  if (!holds) std::abort();
}

Question::Event receive(Question& question, std::string_view answer, std::size_t piece) {
  Question::Event last = Question::Event::more;
  for (std::size_t at = 0; at < answer.size(); at += piece) last = question.receive(answer.substr(at, piece));
  return last;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  Question whole("SELECT 1");
  Question in_bytes("SELECT 1");
  require(receive(whole, answer, size) == receive(in_bytes, answer, 1));
  require(whole.row() == in_bytes.row());
  require(whole.failure() == in_bytes.failure());
  return 0;
}
