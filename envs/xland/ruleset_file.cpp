// Writes and reads files of rulesets.
#include "envs/xland/ruleset_file.h"
#include "engine/atomic_file.h"
#include "engine/byte_stream.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace lockstep::envs::xland {
namespace {

constexpr std::string_view kKind = "xland rulesets";
constexpr std::uint32_t kVersion = 1;

// Variable-length lists as counts and one flat array.
template <class Item>
struct FlatLists {
  std::vector<std::uint32_t> counts;
  std::vector<std::uint8_t> bytes;
  void add(const std::vector<Item>& list) {
    counts.push_back(static_cast<std::uint32_t>(list.size()));
    for (const Item& item : list) bytes.insert(bytes.end(), item.begin(), item.end());
  }
  void write(ByteWriter& writer) const {
    writer.write_array(std::span<const std::uint32_t>(counts));
    writer.write_array(std::span<const std::uint8_t>(bytes));
  }
};

// Reads what FlatLists wrote; gives out one list after another.
template <class Item>
class ListReader {
 public:
  ListReader(ByteReader& reader, std::size_t lists, std::string_view what)
      : counts_(reader.read_vector<std::uint32_t>()), bytes_(reader.read_vector<std::uint8_t>()) {
    std::uint64_t items = 0;
    for (const std::uint32_t count : counts_) items += count;
    if (counts_.size() != lists || items * std::tuple_size_v<Item> != bytes_.size()) {
      reader.fail(fmt::format("{} lists of {} for {} goals, {} in all, do not agree with {} bytes of them",
                              counts_.size(), what, lists, items, bytes_.size()));
    }
  }
  std::vector<Item> next() {
    std::vector<Item> list(counts_[list_++]);
    for (Item& item : list) {
      std::copy_n(bytes_.begin() + at_, item.size(), item.begin());
      at_ += static_cast<std::ptrdiff_t>(item.size());
    }
    return list;
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint8_t> bytes_;
  std::size_t list_ = 0;
  std::ptrdiff_t at_ = 0;
};

}  // namespace

std::vector<std::byte> encode_rulesets(std::span<const Ruleset> rulesets) {
  std::vector<std::uint8_t> goals;
  FlatLists<EncodedRule> rules;
  FlatLists<EncodedTile> objects;
  for (const Ruleset& ruleset : rulesets) {
    goals.insert(goals.end(), ruleset.goal.begin(), ruleset.goal.end());
    rules.add(ruleset.rules);
    objects.add(ruleset.init_tiles);
  }
  ByteWriter writer(kKind, kVersion);
  writer.write_array(std::span<const std::uint8_t>(goals));
  rules.write(writer);
  objects.write(writer);
  return std::move(writer).finish();
}

std::vector<Ruleset> decode_rulesets(std::span<const std::byte> bytes, const std::string& where) {
  ByteReader reader(bytes, kKind, kVersion, where);
  const auto goals = reader.read_vector<std::uint8_t>();
  constexpr std::size_t kGoalBytes = std::tuple_size_v<EncodedGoal>;
  if (goals.size() % kGoalBytes != 0) reader.fail(fmt::format("{} bytes are no whole number of goals", goals.size()));
  const std::size_t count = goals.size() / kGoalBytes;
  ListReader<EncodedRule> rules(reader, count, "rules");
  ListReader<EncodedTile> objects(reader, count, "objects");
  reader.expect_end();
  std::vector<Ruleset> rulesets(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(goals.begin() + static_cast<std::ptrdiff_t>(i * kGoalBytes), kGoalBytes, rulesets[i].goal.begin());
    rulesets[i].rules = rules.next();
    rulesets[i].init_tiles = objects.next();
    check(rulesets[i], fmt::format("{}, ruleset {}", where, i));
  }
  return rulesets;
}

void save_rulesets(const std::filesystem::path& file, std::span<const Ruleset> rulesets) {
  write_file(file, encode_rulesets(rulesets));
}

std::vector<Ruleset> load_rulesets(const std::filesystem::path& file) {
  return decode_rulesets(read_file(file), file.string());
}

}  // namespace lockstep::envs::xland
