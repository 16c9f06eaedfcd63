#pragma once
// Machines as text, written out as a folder with sys/ and proc/ (docs/formats.md, recorded
// machines). One line each:
//
//   path: text           a file; \n and \t in the text are a line end and a tab
//   path -> target       a link
//   path/                an empty folder
//   pci 0000:00:01.0/0000:01:00.0 10de:2204 030000 driver=nvidia link=4x16 max=4x16 numa=0
//   NAME=text
//                        a function below its bridges; NAME is any other file of it
//   node 0 cpus=0-7 kib=65536000 distance=10,21
//                        a NUMA node; without cpus= it is memory alone
//   # anything           a remark

#include <string>
#include <string_view>

namespace motley {

// A temporary folder that is removed with the object.
class RecordedTree {
 public:
  explicit RecordedTree(std::string_view text = "");
  RecordedTree(const RecordedTree&) = delete;
  ~RecordedTree();
  const std::string& root() const { return root_; }
  // One more line or several.
  void Add(std::string_view text);

 private:
  void AddLine(const std::string& line);
  void AddFunction(const std::string& line);
  void AddNode(const std::string& line);
  void Write(const std::string& path, std::string_view text);
  void Link(const std::string& path, const std::string& target);

  std::string root_;
};

std::string ReadWholeFile(const std::string& path);

}  // namespace motley
