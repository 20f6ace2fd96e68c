"""The lab's real servers on loopback, and the process that starts, watches and removes them.

lab (CLI), lab_fixture.py (pytest)
  -> launch.py       starts the lab process, as root, and reads its progress
    -> lab_process.py  starts everything in order, watches it, cleans up whatever happens
      -> postgresql.py, mariadb.py, aws_endpoint.py, impostor.py   one server each
      -> certificates.py, pam_service.py, templates.py, ports.py   what they need
      -> description.py  lab.json, rolegate.yaml, env.sh, AWS profiles
      -> resources.py    the list of what must not outlive the lab
"""
