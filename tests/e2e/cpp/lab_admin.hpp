#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include <curl/curl.h>

/// The AWS stand-in's own interface (tests/lab/aws/admin.py): its clock, its faults, its counters.
class LabAdmin {
 public:
  explicit LabAdmin(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  void shift_clock(long seconds) {
    request("POST", "clock", "{\"offset_seconds\": " + std::to_string(seconds) + "}");
  }
  void faults(const std::string& json) { request("POST", "faults", json); }
  void no_faults() { request("DELETE", "faults", ""); }
  /// How often an operation was called, by its name in GET /_lab/calls.
  long calls(const std::string& operation) {
    const std::string text = request("GET", "calls", "");
    const auto at = text.find('"' + operation + "\":");
    return at == std::string::npos ? 0 : std::atol(text.c_str() + text.find(':', at + operation.size()) + 1);
  }

 private:
  static std::size_t collect(char* data, std::size_t size, std::size_t count, void* out) {
    static_cast<std::string*>(out)->append(data, size * count);
    return size * count;
  }

  std::string request(const char* method, const std::string& path, const std::string& body) {
    CURL* curl = curl_easy_init();
    std::string answer;
    const std::string url = endpoint_ + "/_lab/" + path;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    if (!body.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &LabAdmin::collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK) throw std::runtime_error(url + ": " + curl_easy_strerror(code));
    return answer;
  }

  std::string endpoint_;
};
