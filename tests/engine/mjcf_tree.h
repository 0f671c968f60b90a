// MJCF as a tree of elements that a test can edit: just enough of XML for the model files of the suites.
#pragma once

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::tests {

struct MjcfElement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<MjcfElement> children;

  [[nodiscard]] std::string* attribute(std::string_view wanted) {
    const auto found =
        std::find_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.first == wanted; });
    return found == attributes.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::string text() const {
    std::string out = "<" + name;
    for (const auto& [key, value] : attributes) out += " " + key + "=\"" + value + "\"";
    if (children.empty()) return out + "/>\n";
    out += ">\n";
    for (const MjcfElement& child : children) out += child.text();
    return out + "</" + name + ">\n";
  }
};

// Reads elements and attributes; comments and text between elements are dropped. For well-formed input only.
class MjcfReader {
 public:
  explicit MjcfReader(std::string_view text) : text_(text) {}

  MjcfElement read() {
    MjcfElement document;
    read_children(document);
    if (document.children.empty()) throw std::runtime_error("no element in the MJCF text");
    return std::move(document.children[0]);
  }

 private:
  void skip(std::string_view mark) {
    const std::size_t found = text_.find(mark, at_);
    at_ = found == std::string_view::npos ? text_.size() : found + mark.size();
  }
  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  std::string word() {
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n=/>", at_), text_.size());
    const std::string found(text_.substr(at_, end - at_));
    at_ = end;
    return found;
  }
  // Elements up to the closing tag of `parent`, or the end.
  void read_children(MjcfElement& parent) {
    while (at_ < text_.size()) {
      at_ = std::min(text_.find('<', at_), text_.size());
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("<!--")) {
        skip("-->");
      } else if (rest.starts_with("<?")) {
        skip("?>");
      } else if (rest.starts_with("</")) {
        skip(">");
        return;
      } else if (!rest.empty()) {
        ++at_;
        parent.children.push_back(read_element());
      }
    }
  }
  MjcfElement read_element() {
    MjcfElement element;
    element.name = word();
    for (skip_space(); at_ < text_.size() && text_[at_] != '/' && text_[at_] != '>'; skip_space()) {
      std::string key = word();
      at_ = std::min(text_.find_first_of("\"'", at_), text_.size() - 1);
      const char quote = text_[at_++];
      const std::size_t end = std::min(text_.find(quote, at_), text_.size());
      element.attributes.emplace_back(std::move(key), text_.substr(at_, end - at_));
      at_ = end + 1;
    }
    const bool has_children = at_ < text_.size() && text_[at_] == '>';
    skip(">");
    if (has_children) read_children(element);
    return element;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace lockstep::tests
