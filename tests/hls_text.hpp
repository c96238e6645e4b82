/// @file
/// Emitted HLS C++ in tests: judged by rules that compilers which ignore pragmas do not know,
/// compiled, loaded and called.
#pragma once

#include <lathe/target/c/c_text.hpp>
#include <lathe/target/fpga/emit_hls.hpp>

#include <cctype>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lathe::test {

// ------------------------------------------------------------------------------ pragmas

/// Reads a text line by line and checks where pragmas stand and what they name (AMD UG1399, the
/// pages of the pragmas, and its rules for dataflow regions).
class pragma_checker {
 public:
  /// The first rule that is broken, with its line; "" = none.
  std::string check(const std::string& source) {
    std::string line;
    for (std::size_t at = 0, number = 1; at < source.size() && problem_.empty(); ++number) {
      const std::size_t end = std::min(source.find('\n', at), source.size());
      line = source.substr(at, end - at);
      at = end + 1;
      while (!line.empty() && line[0] == ' ') line.erase(0, 1);
      read(line);
      if (!problem_.empty())
        problem_ = "line " + std::to_string(number) + ", " + line + ": " + problem_;
    }
    if (problem_.empty() && !scopes_.empty()) problem_ = "a scope is not closed";
    return problem_;
  }

 private:
  enum class kind { function, top, loop, choice };
  struct scope {
    kind what{};
    std::map<std::string, std::vector<std::int64_t>> arrays;  ///< declared here, dimensions
    std::map<std::string, int> ports;                         ///< of the top function: pragmas
    std::map<std::string, int> users;                         ///< dataflow: calls per array
    bool at_head = true;                                      ///< nothing but pragmas so far
    std::string declared;  ///< array of the last line but pragmas
    bool pipelined = false, unrolled = false, dataflow = false, constant = true;
    bool has_loop = false, holds_rolled = false, has_call = false;
  };

  void fail(const std::string& text) {
    if (problem_.empty()) problem_ = text;
  }
  static bool begins(const std::string& line, const char* with) { return line.rfind(with, 0) == 0; }

  void read(const std::string& line) {
    if (line.empty() || begins(line, "#include") || begins(line, "static inline ")) return;
    if (scopes_.empty() && (begins(line, "extern \"C\" {") || line == "}")) return;
    if (scopes_.empty() && line.back() == ';') return;  // the declaration of an external function
    if (begins(line, "#pragma HLS ")) return pragma(line.substr(12));
    if (begins(line, "#pragma")) return fail("an unknown pragma");
    if (begins(line, "static void ") || begins(line, "extern \"C\" void ")) return function(line);
    if (scopes_.empty()) return fail("text outside of functions");
    if (line == "}") return close();
    if (line == "} else {") return;
    scope& here = scopes_.back();
    here.at_head = false;
    here.declared.clear();
    if (begins(line, "for (")) return loop(line);
    if (begins(line, "if (")) {
      if (here.dataflow) fail("a dataflow region holds declarations and calls only");
      scopes_.emplace_back();
      scopes_.back().what = kind::choice;
      return;
    }
    if (is_declaration(line)) return declaration(line);
    if (line.find(" = ") == std::string::npos) return call(line);
    if (here.dataflow) fail("a dataflow region holds declarations and calls only");
  }

  static bool is_declaration(const std::string& line) {
    return line.find(" = ") == std::string::npos && line.find('(') == std::string::npos &&
           line.find(' ') != std::string::npos;
  }

  /// "float Ab[4][8]" -> Ab, 4 8
  static std::pair<std::string, std::vector<std::int64_t>> declared(std::string text) {
    std::vector<std::int64_t> shape;
    const std::size_t bracket = text.find('[');
    for (std::size_t at = bracket; at != std::string::npos; at = text.find('[', at + 1))
      shape.push_back(std::stoll(text.substr(at + 1)));
    text = text.substr(0, bracket);
    return {text.substr(text.find_last_of(" *") + 1), shape};
  }

  void declaration(const std::string& line) {
    const auto [name, shape] = declared(line.substr(0, line.size() - 1));
    scopes_.back().arrays[name] = shape;
    scopes_.back().declared = name;
  }

  void function(const std::string& line) {
    if (!scopes_.empty()) return fail("a function inside of a function");
    scopes_.emplace_back();
    scopes_.back().what = begins(line, "extern") ? kind::top : kind::function;
    const std::size_t open = line.find('('), end = line.rfind(')');
    std::string parameters = line.substr(open + 1, end - open - 1);
    while (!parameters.empty()) {
      const std::size_t comma = parameters.find(", ");
      const std::string one = parameters.substr(0, comma);
      const auto [name, shape] = declared(one);
      scopes_.back().arrays[name] = shape;
      if (scopes_.back().what == kind::top) scopes_.back().ports[name] = 0;
      parameters = comma == std::string::npos ? "" : parameters.substr(comma + 2);
    }
    if (scopes_.back().what == kind::top) scopes_.back().ports["return"] = 0;
  }

  void loop(const std::string& line) {
    scope made;
    made.what = kind::loop;
    made.constant = true;
    for (const char* before : {"= ", "< "}) {  // first and last iteration
      const std::string bound = line.substr(line.find(before) + 2);
      made.constant &= std::isdigit(static_cast<unsigned char>(bound[0])) != 0 &&
                       bound.find_first_not_of("0123456789") == bound.find(';');
    }
    if (scopes_.back().dataflow) fail("a dataflow region holds declarations and calls only");
    for (scope& each : scopes_) each.has_loop = true;
    scopes_.push_back(made);
  }

  void call(const std::string& line) {
    if (begins(line, "(void)")) return;
    for (scope& each : scopes_) each.has_call = true;
    scope& here = scopes_.back();
    if (inside_pipeline()) fail("a call in a pipelined loop");
    for (const auto& [name, shape] : here.arrays) {
      if (shape.empty()) continue;
      const std::size_t at = line.find(name);
      const bool used = at != std::string::npos &&
                        line.find_first_of(",)", at) == at + name.size() &&
                        (line[at - 1] == '(' || line[at - 1] == ' ');
      if (used && ++here.users[name] > 2 && here.dataflow)
        fail("array " + name + " of a dataflow region is used by more than two processes");
    }
  }

  bool inside_pipeline() const {
    for (const scope& each : scopes_)
      if (each.pipelined) return true;
    return false;
  }

  void close() {
    const scope done = scopes_.back();
    scopes_.pop_back();
    if (done.what == kind::top)
      for (const auto& [port, count] : done.ports)
        if (count != 1) fail("port " + port + " has " + std::to_string(count) + " interfaces");
    if (done.what != kind::loop) return;
    bool in_pipeline = done.pipelined;
    for (const scope& each : scopes_) in_pipeline |= each.pipelined;
    if (!done.has_loop && !done.has_call && !in_pipeline && !done.unrolled)
      fail("an innermost loop is not pipelined");
    if (in_pipeline && !done.pipelined && !done.unrolled)
      fail("a loop in a pipelined loop is not unrolled");
    if (done.unrolled && (done.has_call || done.holds_rolled))
      fail("an unrolled loop holds one that is not: its copies would run one after the other");
    if (!done.unrolled)
      for (scope& each : scopes_) each.holds_rolled = true;
  }

  /// variable=NAME of a pragma.
  static std::string value_of(const std::string& text, const std::string& key) {
    const std::size_t at = text.find(key + "=");
    if (at == std::string::npos) return "";
    const std::size_t first = at + key.size() + 1;
    return text.substr(first, text.find(' ', first) - first);
  }

  void pragma(const std::string& text) {
    if (scopes_.empty()) return fail("a pragma outside of functions");
    scope& here = scopes_.back();
    const std::string what = text.substr(0, text.find(' '));
    const bool of_loop = what == "PIPELINE" || what == "UNROLL" || what == "DATAFLOW" ||
                         what == "LOOP_TRIPCOUNT" || what == "DEPENDENCE";
    if (of_loop && (here.what != kind::loop || !here.at_head))
      return fail(what + " stands first in a loop");
    if (what == "PIPELINE") {
      if (inside_pipeline()) return fail("a pipelined loop in a pipelined loop");
      here.pipelined = true;
    } else if (what == "UNROLL") {
      if (!here.constant) return fail("an unrolled loop has no constant trip count");
      here.unrolled = true;
    } else if (what == "DATAFLOW") {
      if (inside_pipeline()) return fail("a dataflow region in a pipelined loop");
      here.dataflow = true;
    } else if (what == "LOOP_TRIPCOUNT") {
      if (here.constant) return fail("the trip count is known");
    } else if (what == "DEPENDENCE") {
      if (!here.pipelined) return fail("DEPENDENCE is for pipelined loops");
      if (find(value_of(text, "variable")) == nullptr) return fail("no such variable");
      const std::string distance = value_of(text, "distance");
      if (!distance.empty() && std::stoll(distance) < 2)
        return fail("a distance of one says nothing");
    } else if (what == "ARRAY_PARTITION" || what == "BIND_STORAGE") {
      const std::string variable = value_of(text, "variable");
      if (here.declared != variable) return fail("it stands behind the declaration of its array");
      if (what == "ARRAY_PARTITION") partition(text, here.arrays[variable]);
    } else if (what == "INLINE") {
      if (here.what != kind::function || !here.at_head)
        return fail("INLINE stands first in a function");
    } else if (what == "INTERFACE") {
      if (here.what != kind::top || !here.at_head) return fail("INTERFACE is for the top function");
      const auto port = here.ports.find(value_of(text, "port"));
      if (port == here.ports.end()) return fail("no such port");
      ++port->second;
      if (value_of(text, "mode") == "m_axi") {
        if (!bundles_.insert({value_of(text, "bundle"), 1}).second)
          return fail("two ports of one bundle");
        if (std::stoll(value_of(text, "depth")) < 1) return fail("no depth");
      } else if (value_of(text, "mode") != "s_axilite") {
        return fail("an unknown interface");
      }
    } else {
      fail("an unknown pragma");
    }
  }

  void partition(const std::string& text, const std::vector<std::int64_t>& shape) {
    const std::int64_t dimension = std::stoll(value_of(text, "dim"));
    const std::string type = value_of(text, "type");
    if (dimension < 0 || dimension > static_cast<std::int64_t>(shape.size()))
      return fail("no such dimension");
    if (type == "complete") return;
    if (type != "cyclic" || dimension == 0) return fail("a partition of an unknown type");
    const std::int64_t factor = std::stoll(value_of(text, "factor"));
    if (factor < 2 || factor >= shape[static_cast<std::size_t>(dimension) - 1])
      fail("the factor is not between one and the dimension");
  }

  const std::vector<std::int64_t>* find(const std::string& variable) const {
    for (const scope& each : scopes_)
      if (const auto at = each.arrays.find(variable); at != each.arrays.end()) return &at->second;
    return nullptr;
  }

  std::vector<scope> scopes_;
  std::map<std::string, int> bundles_;
  std::string problem_;
};

// ------------------------------------------------------------------------------ compiling

/// Texts of several kernels in one library, in namespaces of their own.
class hls_library {
 public:
  /// Adds a kernel; its name must be new. `call_NAME(void* const* table)` calls it with the
  /// parameters and the intermediates in memory, in order.
  void add(const fpga_kernel& kernel) {
    std::string text = emit_hls(kernel);
    for (std::size_t at = text.find("#include"); at != std::string::npos;
         at = text.find("#include"))
      text.erase(at, text.find('\n', at) + 1 - at);
    const std::string name = hls_name(kernel.nest);
    std::string arguments;
    for (std::size_t at = 0; at < kernel.nest.buffers.size(); ++at) {
      const ir::buffer& of = kernel.nest.buffers[at];
      if (of.where != ir::scope::param && of.where != ir::scope::workspace) continue;
      const std::string type = c_type_name(of.type);
      arguments += (arguments.empty() ? "" : ", ") + std::string(of.scalar ? "*" : "") +
                   "static_cast<" + type + "*>(table[" + std::to_string(at) + "])";
    }
    source_ += "namespace in_" + name + " {\n" + text + "extern \"C\" void call_" + name +
               "(void* const* table) { " + name + "(" + arguments + "); }\n}\n";
  }

  /// Compiles all of them and loads the library. @returns what the compiler says; "" = nothing
  std::string compile(const std::string& compiler) {
    close();
    std::string pattern = (std::filesystem::temp_directory_path() / "lathe_hls_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return "no temporary folder";
    folder_ = pattern;
    std::ofstream(folder_ / "k.cpp") << "#include <math.h>\n#include <stdint.h>\n" << source_;
    const std::string base = (folder_ / "k").string();
    // Pragmas for the HLS tool are ignored; comparisons that types decide are the operator's.
    const std::string command = compiler +
                                " -std=c++14 -O1 -ffp-contract=off -Wall -Wextra -Werror "
                                "-Wno-unknown-pragmas -Wno-type-limits -fPIC -shared -o " +
                                base + ".so " + base + ".cpp > " + base + ".log 2>&1";
    const int status = std::system(command.c_str());
    std::ifstream log(folder_ / "k.log");
    const std::string messages{std::istreambuf_iterator<char>(log), {}};
    if (status != 0 || !messages.empty()) return messages.empty() ? "it fails" : messages;
    library_ = dlopen((base + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    return library_ == nullptr ? dlerror() : "";
  }

  void call(const fpga_kernel& kernel, void* const* table) const {
    const std::string name = "call_" + hls_name(kernel.nest);
    reinterpret_cast<void (*)(void* const*)>(dlsym(library_, name.c_str()))(table);
  }

  hls_library() = default;
  hls_library(const hls_library&) = delete;
  hls_library& operator=(const hls_library&) = delete;
  ~hls_library() { close(); }

 private:
  void close() {
    if (library_ != nullptr) dlclose(library_);
    library_ = nullptr;
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  std::string source_;
  std::filesystem::path folder_;
  void* library_ = nullptr;
};

/// The compilers of C++ that are installed.
inline std::vector<std::string> hls_compilers() {
  std::vector<std::string> out;
  for (const char* name : {"g++", "clang++-14", "clang++-19", "clang++"})
    if (std::system((std::string("command -v ") + name + " > /dev/null").c_str()) == 0 &&
        (out.empty() || out.back().rfind("clang", 0) != 0))
      out.push_back(name);
  return out;
}

}  // namespace lathe::test
