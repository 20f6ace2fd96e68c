#pragma once

#include <cstddef>
#include <new>

#include <boost/json/memory_resource.hpp>
#include <openssl/crypto.h>

namespace rolegate::cli {

/// Memory for a JSON value that holds a secret: what is given back is wiped first.
class WipingMemory final : public boost::json::memory_resource {
  // Boost.JSON asks for no more than operator new's own alignment, and 1.81 gives a string's memory back with
  // another one than it asked for.
  void* do_allocate(std::size_t bytes, std::size_t) override { return ::operator new(bytes); }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t) override {
    OPENSSL_cleanse(memory, bytes);
    ::operator delete(memory);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace rolegate::cli
