#!/bin/bash
# Starts a real Slurm cluster on this one machine: a controller and two nodes of two processors each, for tests.
#
#   tools/slurm/start-cluster.sh <folder>      then: export SLURM_CONF=<folder>/slurm.conf
#   tools/slurm/start-cluster.sh --stop <folder>
#
# As root, with Slurm and MUNGE installed (Debian: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge).
set -euo pipefail

if [ "${1:-}" = --stop ]; then
  for daemon in n1 n2 controller; do
    [ -f "$2/$daemon.pid" ] && kill "$(cat "$2/$daemon.pid")" 2>/dev/null || true
  done
  exit 0
fi

folder=$(realpath -m "${1:?a folder for the state of the cluster is expected}")
host=$(hostname -s)
mkdir -p "$folder/state" "$folder/n1" "$folder/n2"

# MUNGE vouches for users; all daemons share its key.
install -d -o munge -g munge -m 0755 /run/munge
munge -n 2>/dev/null | unmunge >/dev/null 2>&1 || runuser -u munge -- /usr/sbin/munged
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >>/etc/hosts

# Nothing that a container may lack: no cgroups, no accounting. Jobs start at once, and are killed 5 s after SIGTERM.
cat >"$folder/slurm.conf" <<CONFIG
ClusterName=weightmap
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/controller.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/controller.log
SlurmdLogFile=$folder/%n.log
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[27001-27002] CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
CONFIG
echo 'CgroupPlugin=cgroup/v1' >"$folder/cgroup.conf"

export SLURM_CONF=$folder/slurm.conf
slurmctld -c
slurmd -c -N n1
slurmd -c -N n2
for _ in $(seq 100); do
  sinfo -h -o %T 2>/dev/null | grep -q idle && exit 0
  sleep 0.3
done
echo "the nodes did not come up; see $folder/*.log" >&2
exit 1
