"""What the site measures of itself, and the process that shows it at ``METRICS_ADDRESS``.

Workers count (``instruments``) into files of their own in one folder; one small process (``process``) adds them up,
asks the store and the merchant's folder how they are, and serves it all (``exposition``). Nothing of this is imported
or made unless ``METRICS_ADDRESS`` is set.
"""
