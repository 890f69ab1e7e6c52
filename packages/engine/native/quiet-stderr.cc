// A Node addon without TensorFlow: sends what is written to the standard error nowhere for a while.
//
// With TF_ENABLE_ONEDNN_OPTS=1 TensorFlow writes two lines there when its library is loaded, before its log level is
// heeded. `silence()` returns a file descriptor, or -1 if it changed nothing; `restore(descriptor)` undoes it.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

namespace {

napi_value number(napi_env env, int value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value silence(napi_env env, napi_callback_info) {
  const int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const bool silent = saved >= 0 && nowhere >= 0 && dup2(nowhere, STDERR_FILENO) >= 0;
  if (nowhere >= 0) close(nowhere);
  if (silent) return number(env, saved);
  if (saved >= 0) close(saved);
  return number(env, -1);
}

napi_value restore(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  int saved = -1;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok || count < 1) return nullptr;
  if (napi_get_value_int32(env, argument, &saved) != napi_ok || saved < 0) return nullptr;
  dup2(saved, STDERR_FILENO);
  close(saved);
  return nullptr;
}

napi_value initialize(napi_env env, napi_value exports) {
  napi_value function = nullptr;
  napi_create_function(env, "silence", NAPI_AUTO_LENGTH, silence, nullptr, &function);
  napi_set_named_property(env, exports, "silence", function);
  napi_create_function(env, "restore", NAPI_AUTO_LENGTH, restore, nullptr, &function);
  napi_set_named_property(env, exports, "restore", function);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialize)
