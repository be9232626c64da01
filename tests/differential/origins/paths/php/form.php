<?php
echo 'ran form';
