"""A session with an SFTP server whose host key is pinned; neither the agent's nor the user's own keys are tried."""

from __future__ import annotations

import base64
import binascii

import paramiko

from connectors.endpoints import SftpEndpoint


def pinned_key(line: str) -> paramiko.PKey:
    """The key of a line such as `ssh-ed25519 AAAA…`. Raises ValueError for what is none."""
    try:
        kind, data = line.split()[:2]
        return paramiko.PKey.from_type_string(kind, base64.b64decode(data, validate=True))
    except (paramiko.SSHException, binascii.Error, IndexError):
        raise ValueError("no public key line") from None


def connected(
    client: paramiko.SSHClient, point: SftpEndpoint, host_key: paramiko.PKey, timeout: float
) -> paramiko.SFTPClient:
    """Log in; every wait lasts `timeout` seconds at most. Raises what paramiko raises; the caller closes `client`."""
    name = point.host if point.port == 22 else f"[{point.host}]:{point.port}"
    client.get_host_keys().add(name, host_key.get_name(), host_key)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        point.host,
        port=point.port,
        username=point.username,
        password=point.password.get_secret_value() if point.password else None,
        key_filename=str(point.key_file) if point.key_file else None,
        timeout=timeout,
        banner_timeout=timeout,
        auth_timeout=timeout,
        channel_timeout=timeout,
        allow_agent=False,
        look_for_keys=False,
    )
    sftp = client.open_sftp()
    channel = sftp.get_channel()
    if channel is not None:
        channel.settimeout(timeout)
    return sftp
