"""Archive packages 归档信息包 of handled cases, and the four-property check 四性检测 of them."""
