#include "aws/credential_providers/secret_json.hpp"

#include <cstddef>
#include <new>

#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <openssl/crypto.h>

namespace rolegate::aws {
namespace {

class WipingResource final : public boost::json::memory_resource {
  // Boost.JSON asks for no more than operator new's own alignment, and 1.81 gives a string's memory back with
  // another one than it asked for.
  void* do_allocate(std::size_t size, std::size_t) override { return ::operator new(size); }
  void do_deallocate(void* memory, std::size_t size, std::size_t) override {
    OPENSSL_cleanse(memory, size);
    ::operator delete(memory, size);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace

std::optional<boost::json::object> parse_secret_json(std::string_view text) {
  const auto storage = boost::json::make_shared_resource<WipingResource>();
  boost::json::parser parser(storage);  // its scratch memory holds strings on their way
  parser.reset(storage);
  boost::system::error_code error;
  parser.write(text.data(), text.size(), error);
  if (error) return std::nullopt;
  boost::json::value value = parser.release();
  if (!value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string_view string_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  const auto& text = value->get_string();
  return {text.data(), text.size()};
}

}  // namespace rolegate::aws
