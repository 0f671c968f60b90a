// The edits, and what they put in.
#include "tests/engine/mjcf_mutation.h"

#include <cstdlib>
#include <sstream>

namespace lockstep::tests {
namespace {

using Random = std::mt19937_64;

template <class List>
const auto& one_of(const List& list, Random& random) {
  return list[random() % std::size(list)];
}

// Sizes that MuJoCo's compiler allocates before it looks at them, and counts of copies: minutes and all memory.
bool is_size(const std::string& attribute) {
  static const char* const kSizes[] = {"count", "nrow", "ncol", "memory", "width", "height", "nsample", "user"};
  return attribute.starts_with("n") || std::find(std::begin(kSizes), std::end(kSizes), attribute) != std::end(kSizes);
}

constexpr const char* kNumbers[] = {"0",    "-0",    "1",     "-1",     "nan", "1e-12", "1e-300", "-1e-8", "1e4",
                                    "1e10", "-1e10", "1e300", "-1e300", "inf", "0.001", "1000",   "2",     "3",
                                    "4",    "6",     "90",    "180",    "360", "1e-6",  "0.5",    "-0.5",  "1e6"};
constexpr const char* kWords[] = {
    "true",         "false",     "auto",        "free",     "ball",  "slide",  "hinge",  "plane",   "hfield",
    "sphere",       "capsule",   "ellipsoid",   "cylinder", "box",   "mesh",   "Euler",  "RK4",     "implicit",
    "implicitfast", "pyramidal", "elliptic",    "Newton",   "CG",    "PGS",    "enable", "disable", "none",
    "integrator",   "filter",    "filterexact", "muscle",   "fixed", "affine", "world",  "degree",  "radian",
    "all",          "dynamic",   "predefined",  "1",        "3",     "4",      "6",      "shell",   "legacy"};
// Where an element goes, and the element: what users get wrong, and what seldom stands beside the rest.
struct Insertion {
  const char* parent;
  const char* element;
};
constexpr Insertion kInsertions[] = {
    {"body", R"(<geom type="sphere" size="0.1" mass="0"/>)"},
    {"body", R"(<geom type="box" size="0.05 0.05 0.05"/>)"},
    {"body", R"(<geom type="capsule" size="0.02 0.1" condim="6" margin="0.01"/>)"},
    {"body", R"(<geom type="cylinder" size="0.05 0.001"/>)"},
    {"body", R"(<geom type="ellipsoid" size="0.1 0.05 0.0001" condim="4"/>)"},
    {"body", R"(<joint type="ball"/>)"},
    {"body", R"(<joint type="hinge" axis="1 0 0" limited="true" range="0 0"/>)"},
    {"body", R"(<joint type="slide" axis="0 0 1" frictionloss="1e6" armature="0"/>)"},
    {"body", R"(<joint type="slide" axis="0 0 0"/>)"},
    {"body", R"(<inertial pos="0 0 0" mass="0" diaginertia="0 0 0"/>)"},
    {"body", R"(<inertial pos="0 0 0" mass="1e-14" diaginertia="1e-14 1e-14 1e-14"/>)"},
    {"body", R"(<inertial pos="0 0 0" mass="1e9" diaginertia="1 1e9 1e9"/>)"},
    {"body", R"(<body><joint/><geom size="0.05"/></body>)"},
    {"body", R"(<body gravcomp="1"><joint type="ball"/><geom type="box" size="0.01 0.02 0.03"/></body>)"},
    {"worldbody", R"(<geom type="plane" size="0 0 1"/>)"},
    {"worldbody", R"(<geom type="plane" size="0 0 1" condim="6" priority="3" solref="-100 -5"/>)"},
    {"worldbody", R"(<body><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>)"},
    {"worldbody", R"(<body><freejoint/><geom size="0.1"/><geom size="0.1"/></body>)"},
    {"worldbody", R"(<body mocap="true"><geom size="0.1" contype="0" conaffinity="0"/></body>)"},
    {"mujoco", R"(<option integrator="RK4"/>)"},
    {"mujoco", R"(<option integrator="implicitfast" cone="elliptic" impratio="1e6"/>)"},
    {"mujoco", R"(<option density="1000" viscosity="1" wind="1 2 3"/>)"},
    {"mujoco", R"(<option timestep="1"/>)"},
    {"mujoco", R"(<option gravity="0 0 1e9"/>)"},
    {"mujoco", R"(<option noslip_iterations="0"/>)"},
    {"mujoco", R"(<default><geom condim="6" friction="0 0 0" margin="0.1"/></default>)"},
    {"mujoco", R"(<default><geom type="ellipsoid" density="0"/></default>)"},
    {"mujoco", R"(<default><joint damping="1e9" stiffness="-1 2 3" armature="0"/></default>)"},
    {"asset", R"(<mesh name="flat" vertex="0 0 0  1 0 0  0 1 0  1 1 1e-9"/>)"},
};

// Every element of the tree below `root`, in order.
void gather(MjcfElement& root, std::vector<MjcfElement*>& list) {
  for (MjcfElement& child : root.children) {
    list.push_back(&child);
    gather(child, list);
  }
}

MjcfElement* random_element(MjcfElement& model, Random& random) {
  std::vector<MjcfElement*> list;
  gather(model, list);
  return list.empty() ? nullptr : one_of(list, random);
}

bool is_number(const std::string& word) {
  char* end = nullptr;
  (void)std::strtod(word.c_str(), &end);
  return end != word.c_str() && *end == '\0';
}

std::vector<std::string> words_of(const std::string& value) {
  std::istringstream in(value);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string changed_number(const std::string& number, Random& random) {
  const double value = std::strtod(number.c_str(), nullptr);
  switch (random() % 4) {
    case 0:
      return std::to_string(-value);
    case 1:
      return std::to_string(value * std::uniform_real_distribution<double>(0, 3)(random));
    default:
      return one_of(kNumbers, random);
  }
}

void change_value(MjcfElement& element, Random& random) {
  if (element.attributes.empty()) return;
  auto& [key, value] = element.attributes[random() % element.attributes.size()];
  std::vector<std::string> words = words_of(value);
  if (is_size(key) || words.empty()) return;
  std::string& word = words[random() % words.size()];
  if (!is_number(word)) {
    if (key != "name" && key != "class") word = one_of(kWords, random);
  } else if (random() % 8 == 0) {
    std::fill(words.begin(), words.end(), one_of(kNumbers, random));
  } else {
    word = changed_number(word, random);
  }
  value = joined(words);
}

void drop_attribute(MjcfElement& element, Random& random) {
  if (element.attributes.empty()) return;
  element.attributes.erase(element.attributes.begin() +
                           static_cast<std::ptrdiff_t>(random() % element.attributes.size()));
}

void drop_names(MjcfElement& element) {
  std::erase_if(element.attributes, [](const auto& a) { return a.first == "name"; });
  for (MjcfElement& child : element.children) drop_names(child);
}

// A child dropped, doubled (so that geoms coincide), or exchanged with another.
void change_children(MjcfElement& parent, Random& random) {
  if (parent.children.empty()) return;
  const std::size_t chosen = random() % parent.children.size();
  switch (random() % 3) {
    case 0:
      parent.children.erase(parent.children.begin() + static_cast<std::ptrdiff_t>(chosen));
      return;
    case 1: {
      MjcfElement copy = parent.children[chosen];
      drop_names(copy);
      parent.children.push_back(std::move(copy));
      return;
    }
    default:
      std::swap(parent.children[chosen], parent.children[random() % parent.children.size()]);
  }
}

// An attribute of another element, or its value where both have it.
void copy_attribute(MjcfElement& model, MjcfElement& element, Random& random) {
  MjcfElement* const source = random_element(model, random);
  if (source->attributes.empty()) return;
  const auto& [key, value] = one_of(source->attributes, random);
  if (std::string* const own = element.attribute(key); own != nullptr) {
    *own = std::string(value);
  } else if (source->name == element.name && key != "name") {
    element.attributes.emplace_back(key, value);
  }
}

void insert_element(MjcfElement& model, Random& random) {
  const Insertion& insertion = one_of(kInsertions, random);
  std::vector<MjcfElement*> all{&model}, parents;
  gather(model, all);
  std::copy_if(all.begin(), all.end(), std::back_inserter(parents),
               [&](const MjcfElement* e) { return e->name == insertion.parent; });
  if (parents.empty()) return;
  MjcfElement& parent = *one_of(parents, random);
  parent.children.insert(parent.children.begin() + static_cast<std::ptrdiff_t>(random() % (parent.children.size() + 1)),
                         MjcfReader(insertion.element).read());
}

void edit(MjcfElement& model, Random& random) {
  MjcfElement* const element = random_element(model, random);
  if (element == nullptr) return;
  const auto choice = random() % 16;
  if (choice < 8) {
    change_value(*element, random);
  } else if (choice < 9) {
    drop_attribute(*element, random);
  } else if (choice < 11) {
    change_children(*element, random);
  } else if (choice < 13) {
    copy_attribute(model, *element, random);
  } else {
    insert_element(model, random);
  }
}

}  // namespace

void mutate(MjcfElement& model, std::mt19937_64& random) {
  for (auto edits = 1 + random() % 4; edits > 0; --edits) edit(model, random);
}

}  // namespace lockstep::tests
