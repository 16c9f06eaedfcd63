#include "daemon/http/server/listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/http/api.h"
#include "daemon/http/server/port_holder.h"
#include "tests/fakes/scripted_service.h"

namespace motley {
namespace {

using ::testing::HasSubstr;

std::string Folder() {
  const std::string folder = testing::TempDir() + "motley-listen-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(ParseListenAddress, TakesLoopbackAndUnixOnly) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:6685")->port, 6685);
  EXPECT_EQ(ParseListenAddress("localhost:0")->host, "127.0.0.1");
  EXPECT_EQ(ParseListenAddress("[::1]:1")->host, "::1");
  EXPECT_EQ(ParseListenAddress("unix:/tmp/x")->path, "/tmp/x");
  for (const char* bad :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:1x",
        "0.0.0.0:80", "192.168.1.2:80", "[::]:80", "example.com:80", ":80", "unix:"}) {
    const auto address = ParseListenAddress(bad);
    ASSERT_FALSE(address.ok()) << bad;
    EXPECT_EQ(address.error().field, "listen");
    EXPECT_FALSE(address.error().remedy.empty());
  }
}

TEST(Listener, SaysWhoHoldsABusyPort) {
  const Listener first = Listener::Open(ParseListenAddress("127.0.0.1:0").value()).ReleaseValue();
  ASSERT_GT(first.port(), 0);
  const auto second = Listener::Open({.host = "127.0.0.1", .port = first.port()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("in use by process " + std::to_string(getpid())));
  EXPECT_THAT(second.error().remedy, HasSubstr("--listen"));
}

TEST(Listener, MakesAUnixSocketForOwnerAndGroupAndRemovesIt) {
  const std::string path = Folder() + "/a.sock";
  {
    const Listener listener =
        Listener::Open({.family = ListenAddress::Family::kUnix, .path = path}).ReleaseValue();
    struct stat info;
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0660u);
    EXPECT_EQ(listener.address(), "unix:" + path);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Listener, ReplacesAStaleUnixSocketButNotALivingOne) {
  const ListenAddress address = {.family = ListenAddress::Family::kUnix,
                                 .path = Folder() + "/b.sock"};
  {
    const Fd left(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name = {.sun_family = AF_UNIX};
    address.path.copy(name.sun_path, sizeof name.sun_path - 1);
    ASSERT_EQ(bind(left.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  const Listener living = Listener::Open(address).ReleaseValue();
  const auto second = Listener::Open(address);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("a process answers on it"));
}

TEST(Listener, LeavesOtherFilesAlone) {
  const std::string path = Folder() + "/file";
  std::ofstream(path) << "precious";
  EXPECT_FALSE(Listener::Open({.family = ListenAddress::Family::kUnix, .path = path}).ok());
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(
      Listener::Open({.family = ListenAddress::Family::kUnix, .path = std::string(200, 'x')}).ok());
}

TEST(PortHolder, FindsTheProcessInARecordedProc) {
  const std::string proc = Folder() + "/proc";
  std::filesystem::create_directories(proc + "/net");
  std::filesystem::create_directories(proc + "/77/fd");
  std::ofstream(proc + "/net/tcp") << "  sl  local_address rem_address   st tx_queue rx_queue tr "
                                      "tm->when retrnsmt   uid  timeout inode\n"
                                      "   0: 0100007F:1A1D 00000000:0000 0A 00000000:00000000 "
                                      "00:00000000 00000000  1000        0 4242 1\n";
  std::ofstream(proc + "/77/comm") << "ollama\n";
  std::filesystem::remove(proc + "/77/fd/3");
  std::filesystem::create_symlink("socket:[4242]", proc + "/77/fd/3");
  EXPECT_EQ(PortHolder(0x1a1d, proc), "process 77 (ollama)");
  EXPECT_EQ(PortHolder(80, proc), "");
  EXPECT_EQ(PortHolder(80, proc + "/none"), "");
}

TEST(ServeHttp, ListensOnSeveralAddressesAtOnce) {
  ScriptedService service;
  const std::string path = Folder() + "/c.sock";
  auto server =
      ServeHttp(service, RealClock(), {.listen = {"unix:" + path, "127.0.0.1:0"}}).ReleaseValue();
  EXPECT_EQ(server->addresses().front(), "unix:" + path);
  EXPECT_GT(server->port(), 0);
  const Fd client(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name = {.sun_family = AF_UNIX};
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  const std::string request = "GET /health HTTP/1.0\r\n\r\n";
  ASSERT_EQ(write(client.get(), request.data(), request.size()),
            static_cast<ssize_t>(request.size()));
  std::string answer(4096, '\0');
  answer.resize(
      static_cast<size_t>(std::max<ssize_t>(0, read(client.get(), answer.data(), answer.size()))));
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_FALSE(ServeHttp(service, RealClock(), {.listen = {"127.0.0.1:0", "0.0.0.0:0"}}).ok());
}

}  // namespace
}  // namespace motley
