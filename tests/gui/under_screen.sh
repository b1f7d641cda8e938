#!/usr/bin/env bash
# Runs a program of real windows on a virtual screen of its own, with a small window manager that gives focus.
exec xvfb-run -a -s "-screen 0 ${LATHE_SCREEN:-1600x1000x24} +extension GLX -nolisten tcp" bash -c '
  openbox >/dev/null 2>&1 &
  manager=$!
  for _ in $(seq 200); do xprop -root _NET_SUPPORTING_WM_CHECK 2>/dev/null | grep -q "window id" && break; sleep 0.05; done
  "$@"
  status=$?
  kill "$manager" 2>/dev/null
  exit "$status"' screen "$@"
